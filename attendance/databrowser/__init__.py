"""The data browser: every attendance with its event and person beside it, to be filtered, sorted, paged and exported.

`asked` reads what somebody wants from an address, `filters` turns that into a query, `orders` and `walking` page
through it, `columns` and `tables` show and export it, `sources` says where rows come from, and `materialised` keeps
the view.
"""
