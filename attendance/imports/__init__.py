"""Who came, from spreadsheets of several generations: a row names an event, a person and a time.

`columns` reads a row, `links` finds its event and person, `planning` says what would happen, `writing` does it.
"""
