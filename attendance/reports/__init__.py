"""Questions across events: who came, when, how often, through which door. docs/reports.md defines every number.

One module for each subject, all on top of `scope`: which events a reader asks about.
"""
