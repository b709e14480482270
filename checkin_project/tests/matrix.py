"""The table of every address: who gets which status. A route that is missing here fails the build.

PEOPLE are the columns, in this order. A row has one status for each, or one for all. `own` and `foreign` name whose
object the address is about as seen by the two people whose roles hold in one group only; `absent` is nobody's.
"""

from dataclasses import dataclass

PEOPLE = (
    "cleo",  # not signed in
    "nobody",  # signed in, without a role
    "steward",
    "supervisor",
    "organiser",
    "administrator",
    "group_steward",
    "group_organiser",
    "kiosk",  # a paired kiosk's browser, bound to the own group's event
)


@dataclass(frozen=True)
class Row:
    route: str
    target: str  # "", own, foreign, absent
    get: str  # statuses of a GET in the order of PEOPLE
    post: str  # and of a POST without a body


ROWS = [
    # The house itself.
    Row("home", "", "200", "405"),
    Row("healthz", "", "200", "405"),
    Row("readyz", "", "200", "405"),
    Row("metrics", "", "404 404 404 404 404 200 404 404 404", "405"),
    Row("sign-in", "", "200 302 302 302 302 302 302 302 200", "200 302 302 302 302 302 302 302 200"),
    Row("sign-out", "", "405", "302"),
    Row("styleguide", "", "404", "405"),
    # Stored exports: one's own, and for administrators everybody's. Here "own" is the group organiser's own run, and
    # what the administrator deletes is gone for whoever comes next.
    Row("exports", "", "302 403 403 403 200 200 403 200 302", "302 403 403 403 400 400 403 400 302"),
    Row("exports-download", "own", "302 403 403 403 404 302 403 302 302", "302 405 405 405 405 405 405 405 302"),
    Row("exports-download", "foreign", "302 403 403 403 404 302 403 404 302", "302 405 405 405 405 405 405 405 302"),
    Row("exports-download", "absent", "302 403 403 403 404 404 403 404 302", "302 405 405 405 405 405 405 405 302"),
    Row("exports-file", "own", "302 403 403 403 404 200 403 200 302", "302 405 405 405 405 405 405 405 302"),
    Row("exports-file", "foreign", "302 403 403 403 404 200 403 404 302", "302 405 405 405 405 405 405 405 302"),
    Row("exports-file", "absent", "302 403 403 403 404 404 403 404 302", "302 405 405 405 405 405 405 405 302"),
    Row("exports-retry", "own", "302 405 405 405 405 405 405 405 302", "302 403 403 403 404 302 403 302 302"),
    Row("exports-retry", "foreign", "302 405 405 405 405 405 405 405 302", "302 403 403 403 404 302 403 404 302"),
    Row("exports-retry", "absent", "302 405 405 405 405 405 405 405 302", "302 403 403 403 404 404 403 404 302"),
    Row("exports-delete", "own", "302 405 405 405 405 405 405 405 302", "302 403 403 403 404 302 403 404 302"),
    Row("exports-delete", "foreign", "302 405 405 405 405 405 405 405 302", "302 403 403 403 404 302 403 404 302"),
    Row("exports-delete", "absent", "302 405 405 405 405 405 405 405 302", "302 403 403 403 404 404 403 404 302"),
    # The kiosk: who has no paired screen is told so, and nothing else.
    Row("attendance:kiosk", "", "200", "405"),
    Row("attendance:kiosk-event", "own", "403 403 403 403 403 403 403 403 200", "405"),
    Row("attendance:kiosk-event", "foreign", "403 403 403 403 403 403 403 403 404", "405"),
    Row("attendance:kiosk-event", "absent", "403 403 403 403 403 403 403 403 404", "405"),
    Row("attendance:kiosk-check-in", "own", "405", "403 403 403 403 403 403 403 403 400"),
    Row("attendance:kiosk-check-in", "foreign", "405", "403 403 403 403 403 403 403 403 404"),
    Row("attendance:kiosk-check-in", "absent", "405", "403 403 403 403 403 403 403 403 404"),
    Row("attendance:kiosk-search", "own", "405", "403 403 403 403 403 403 403 403 400"),
    Row("attendance:kiosk-search", "foreign", "405", "403 403 403 403 403 403 403 403 404"),
    Row("attendance:kiosk-register", "own", "405", "403 403 403 403 403 403 403 403 200"),
    Row("attendance:kiosk-register", "foreign", "405", "403 403 403 403 403 403 403 403 404"),
    Row("attendance:kiosk-heartbeat", "", "405", "403 403 403 403 403 403 403 403 200"),
    Row("attendance:kiosk-unlock", "", "403 403 403 403 403 403 403 403 200", "403 403 403 403 403 403 403 403 400"),
    Row("attendance:kiosk-unpair", "", "405", "403 403 403 403 403 403 403 403 302"),
    Row("attendance:kiosk-pair", "", "405", "400"),
    Row("attendance:kiosk-pair-link", "absent", "200", "400"),
    Row("attendance:kiosk-pair-here", "", "302 405 405 405 405 405 405 405 302", "302 403 403 403 400 400 403 400 302"),
    # Numbers of published events are public; names go to those who may search.
    Row("attendance:live", "own", "200", "405"),
    Row("attendance:live", "foreign", "200", "405"),
    Row("attendance:live", "absent", "404", "405"),
    # The event's code: for those who check people in there, to withdraw for supervisors. The numbers alone are public.
    Row("attendance:code-display", "own", "302 403 200 200 200 200 200 200 302", "302 405 405 405 405 405 405 405 302"),
    Row(
        "attendance:code-display",
        "foreign",
        "302 403 200 200 200 200 404 404 302",
        "302 405 405 405 405 405 405 405 302",
    ),
    Row(
        "attendance:code-display",
        "absent",
        "302 403 404 404 404 404 404 404 302",
        "302 405 405 405 405 405 405 405 302",
    ),
    Row("attendance:code-now", "own", "302 403 200 200 200 200 200 200 302", "302 405 405 405 405 405 405 405 302"),
    Row("attendance:code-now", "foreign", "302 403 200 200 200 200 404 404 302", "302 405 405 405 405 405 405 405 302"),
    Row("attendance:code-now", "absent", "302 403 404 404 404 404 404 404 302", "302 405 405 405 405 405 405 405 302"),
    Row("attendance:code-print", "own", "302 403 200 200 200 200 200 200 302", "302 405 405 405 405 405 405 405 302"),
    Row(
        "attendance:code-print", "foreign", "302 403 200 200 200 200 404 404 302", "302 405 405 405 405 405 405 405 302"
    ),
    Row(
        "attendance:code-print", "absent", "302 403 404 404 404 404 404 404 302", "302 405 405 405 405 405 405 405 302"
    ),
    Row("attendance:codes-print", "", "302 403 200 200 200 200 200 200 302", "302 405 405 405 405 405 405 405 302"),
    Row(
        "attendance:code-withdraw", "own", "302 403 403 200 200 200 403 200 302", "302 403 403 302 302 302 403 302 302"
    ),
    Row(
        "attendance:code-withdraw",
        "foreign",
        "302 403 403 200 200 200 404 404 302",
        "302 403 403 302 302 302 404 404 302",
    ),
    Row(
        "attendance:code-withdraw",
        "absent",
        "302 403 404 404 404 404 404 404 302",
        "302 403 404 404 404 404 404 404 302",
    ),
    Row("attendance:screen", "own", "200", "405"),
    Row("attendance:screen", "foreign", "200", "405"),
    Row("attendance:screen", "absent", "404", "405"),
    # Beside the dashboard, for those who organise the event; the door list is a supervisor's too.
    Row(
        "attendance:dashboard-settings",
        "own",
        "302 404 403 403 200 200 403 200 302",
        "302 404 403 403 400 400 403 400 302",
    ),
    Row(
        "attendance:dashboard-settings",
        "foreign",
        "302 404 403 403 200 200 404 404 302",
        "302 404 403 403 400 400 404 404 302",
    ),
    Row(
        "attendance:dashboard-settings",
        "absent",
        "302 404 404 404 404 404 404 404 302",
        "302 404 404 404 404 404 404 404 302",
    ),
    Row(
        "attendance:dashboard-close",
        "own",
        "302 404 403 403 200 200 403 200 302",
        "302 404 403 403 302 302 403 302 302",
    ),
    Row(
        "attendance:dashboard-close",
        "foreign",
        "302 404 403 403 200 200 404 404 302",
        "302 404 403 403 302 302 404 404 302",
    ),
    Row(
        "attendance:dashboard-close",
        "absent",
        "302 404 404 404 404 404 404 404 302",
        "302 404 404 404 404 404 404 404 302",
    ),
    Row("attendance:door-list", "own", "302 404 403 200 200 200 403 200 302", "302 405 405 405 405 405 405 405 302"),
    Row(
        "attendance:door-list", "foreign", "302 404 403 200 200 200 404 404 302", "302 405 405 405 405 405 405 405 302"
    ),
    Row("attendance:door-list", "absent", "302 404 404 404 404 404 404 404 302", "302 405 405 405 405 405 405 405 302"),
    Row("attendance:paper", "own", "302 404 403 200 200 200 403 200 302", "302 404 403 400 400 400 403 400 302"),
    Row("attendance:paper", "foreign", "302 404 403 200 200 200 404 404 302", "302 404 403 400 400 400 404 404 302"),
    Row("attendance:paper", "absent", "302 404 404 404 404 404 404 404 302", "302 404 404 404 404 404 404 404 302"),
    Row(
        "attendance:dashboard-file", "own", "302 404 403 403 200 200 403 200 302", "302 405 405 405 405 405 405 405 302"
    ),
    Row(
        "attendance:dashboard-file",
        "foreign",
        "302 404 403 403 200 200 404 404 302",
        "302 405 405 405 405 405 405 405 302",
    ),
    Row(
        "attendance:dashboard-file",
        "absent",
        "302 404 404 404 404 404 404 404 302",
        "302 405 405 405 405 405 405 405 302",
    ),
    # Self check-in: whoever holds a code may come, on whatever terms; signed in or not makes no difference.
    Row("attendance:self", "own", "200", "400"),
    Row("attendance:self", "foreign", "200", "400"),
    Row("attendance:self", "absent", "400", "400"),
    Row("attendance:self-forget", "own", "302", "200"),
    Row("attendance:self-forget", "absent", "302", "400"),
    # Devices, for those who manage them.
    Row("attendance:devices", "", "302 403 403 403 200 200 403 200 302", "302 405 405 405 405 405 405 405 302"),
    Row("attendance:devices-pair", "", "302 405 405 405 405 405 405 405 302", "302 403 403 403 400 400 403 400 302"),
    Row(
        "attendance:devices-pairing",
        "absent",
        "302 403 403 403 404 404 403 404 302",
        "302 405 405 405 405 405 405 405 302",
    ),
    Row(
        "attendance:devices-revoke",
        "own",
        "302 403 403 403 200 200 403 200 302",
        "302 403 403 403 302 302 403 302 302",
    ),
    Row(
        "attendance:devices-revoke",
        "foreign",
        "302 403 403 403 200 200 403 404 302",
        "302 403 403 403 302 302 403 404 302",
    ),
    Row(
        "attendance:devices-revoke",
        "absent",
        "302 403 403 403 404 404 403 404 302",
        "302 403 403 403 404 404 403 404 302",
    ),
    # The data browser, for those who may read reports; whose rows and views are seen is tried beside the views.
    Row("attendance:data", "", "302 403 403 403 200 200 403 200 302", "302 405 405 405 405 405 405 405 302"),
    Row(
        "attendance:data-download", "own", "302 403 403 403 200 200 403 200 302", "302 405 405 405 405 405 405 405 302"
    ),
    Row(
        "attendance:data-download",
        "absent",
        "302 403 403 403 404 404 403 404 302",
        "302 405 405 405 405 405 405 405 302",
    ),
    Row("attendance:saved-views", "", "302 403 403 403 200 200 403 200 302", "302 403 403 403 400 400 403 400 302"),
    Row(
        "attendance:saved-view", "absent", "302 403 403 403 404 404 403 404 302", "302 403 403 403 404 404 403 404 302"
    ),
    # Passes: whoever holds the link sees the pass.
    Row("members:pass", "own", "200", "405"),
    Row("members:pass", "absent", "404", "405"),
    Row("members:pass-svg", "own", "200", "405"),
    Row("members:pass-svg", "absent", "404", "405"),
    Row("members:pass-png", "own", "200", "405"),
    Row("members:pass-png", "absent", "404", "405"),
    Row("members:pass-cards", "", "302 403 403 403 200 200 403 200 302", "302 405 405 405 405 405 405 405 302"),
    # The dashboard, for those who work at the doors; who may do which act there is tried in test_views_dashboard.py.
    Row("attendance:dashboards", "", "302 403 200 200 200 200 200 200 302", "302 405 405 405 405 405 405 405 302"),
    Row("attendance:dashboard", "own", "302 404 200 200 200 200 200 200 302", "302 404 400 400 400 400 400 400 302"),
    Row(
        "attendance:dashboard", "foreign", "302 404 200 200 200 200 404 404 302", "302 404 400 400 400 400 404 404 302"
    ),
    Row("attendance:dashboard", "absent", "302 404 404 404 404 404 404 404 302", "302 404 404 404 404 404 404 404 302"),
    Row(
        "attendance:dashboard-parts",
        "own",
        "302 404 200 200 200 200 200 200 302",
        "302 405 405 405 405 405 405 405 302",
    ),
    Row(
        "attendance:dashboard-parts",
        "foreign",
        "302 404 200 200 200 200 404 404 302",
        "302 405 405 405 405 405 405 405 302",
    ),
    Row(
        "attendance:dashboard-parts",
        "absent",
        "302 404 404 404 404 404 404 404 302",
        "302 405 405 405 405 405 405 405 302",
    ),
    # Reports, for those who may read them; whose numbers are in them is tried in test_views_reports.py.
    Row("attendance:reports", "", "302 403 403 403 200 200 403 200 302", "302 405 405 405 405 405 405 405 302"),
    Row("attendance:reports-events", "", "302 403 403 403 200 200 403 200 302", "302 405 405 405 405 405 405 405 302"),
    Row("attendance:reports-months", "", "302 403 403 403 200 200 403 200 302", "302 405 405 405 405 405 405 405 302"),
    Row("attendance:reports-people", "", "302 403 403 403 200 200 403 200 302", "302 405 405 405 405 405 405 405 302"),
    Row("attendance:reports-times", "", "302 403 403 403 200 200 403 200 302", "302 405 405 405 405 405 405 405 302"),
    Row(
        "attendance:reports-retention", "", "302 403 403 403 200 200 403 200 302", "302 405 405 405 405 405 405 405 302"
    ),
    Row(
        "attendance:reports-not-seen", "", "302 403 403 403 200 200 403 200 302", "302 405 405 405 405 405 405 405 302"
    ),
    Row("attendance:reports-help", "", "302 403 403 403 200 200 403 200 302", "302 405 405 405 405 405 405 405 302"),
    Row(
        "attendance:reports-table", "own", "302 403 403 403 200 200 403 200 302", "302 405 405 405 405 405 405 405 302"
    ),
    Row(
        "attendance:reports-table",
        "absent",
        "302 403 403 403 404 404 403 404 302",
        "302 405 405 405 405 405 405 405 302",
    ),
    # The API: a browser's cookies open nothing there.
    Row("api:openapi-json", "", "200", "200"),
    Row("api:openapi-view", "", "200", "200"),
    Row("api:api-root", "", "404", "404"),
    Row("api:check_ins", "", "405", "401"),
    Row("api:undo", "", "405", "401"),
    Row("api:get_counts", "own", "401", "405"),
    # The admin's own pages; its records have a table of their own.
    Row("admin:index", "", "302 302 200 200 200 200 200 200 302", "302 302 200 200 200 200 200 200 302"),
    Row("admin:login", "", "200 200 302 302 302 302 302 302 200", "200"),
    Row("admin:logout", "", "302 302 405 405 405 405 405 405 302", "302"),
    Row("admin:password_change", "", "302 302 200 200 200 200 200 200 302", "302 302 200 200 200 200 200 200 302"),
    Row("admin:password_change_done", "", "302 302 200 200 200 200 200 200 302", "302 302 405 405 405 405 405 405 302"),
    Row("admin:autocomplete", "", "302 302 403 403 403 403 403 403 302", "302 302 405 405 405 405 405 405 302"),
    Row("admin:jsi18n", "", "302 302 200 200 200 200 200 200 302", "302 302 405 405 405 405 405 405 302"),
    Row("admin:app_list", "own", "302 302 404 200 200 200 404 200 302", "302 302 404 200 200 200 404 200 302"),
    # Importing: for organisers of the whole house. The rest of it is tried in test_import_pages.py.
    *[
        Row(
            f"admin:{model}_{step}",
            "",
            get.replace("*", "200" if step == "import" else "405"),
            "302 302 403 403 {0} {0} 403 403 302".format("200" if step == "import" else "404"),
        )
        for model in ("members_member", "events_event", "events_group", "attendance_attendance", "platform_importrun")
        for step, get in (
            ("import", "302 302 403 403 * * 403 403 302"),
            ("process_import", "302 302 * * * * * * 302"),
        )
    ],
    # Exporting a list: for organisers, of their groups' records; categories belong to the whole house.
    *[
        Row(
            f"admin:{model}_export",
            "",
            f"302 302 403 403 200 200 403 {403 if model == 'events_category' else 200} 302",
            f"302 302 403 403 400 400 403 {403 if model == 'events_category' else 400} 302",
        )
        for model in (
            "members_member",
            "members_pass",
            "members_loyaltyentry",
            "events_event",
            "events_group",
            "events_series",
            "events_category",
            "attendance_attendance",
            "attendance_scan",
        )
    ],
    Row(
        "admin:platform_importrun_plan",
        "own",
        "302 302 405 405 405 405 405 405 302",
        "302 302 403 403 302 302 403 403 302",
    ),
    Row(
        "admin:platform_importrun_plan",
        "absent",
        "302 302 405 405 405 405 405 405 302",
        "302 302 403 403 404 404 403 403 302",
    ),
    Row(
        "admin:platform_importrun_undo",
        "own",
        "302 302 403 403 200 200 403 403 302",
        "302 302 403 403 302 302 403 403 302",
    ),
    Row(
        "admin:platform_importrun_undo",
        "absent",
        "302 302 403 403 404 404 403 403 302",
        "302 302 403 403 404 404 403 403 302",
    ),
    Row(
        "admin:platform_importrun_problems",
        "own",
        "302 302 403 403 200 200 403 403 302",
        "302 302 405 405 405 405 405 405 302",
    ),
    Row(
        "admin:platform_importrun_problems",
        "absent",
        "302 302 403 403 404 404 403 403 302",
        "302 302 405 405 405 405 405 405 302",
    ),
]


@dataclass(frozen=True)
class Record:
    """The least role that looks at a record's pages, adds and deletes; "" for an act that nobody may.

    `scope` "group": records belong to groups, and roles in one group reach its own; "all": everybody with a role looks.
    `in_group` names what a role in one group suffices for beside looking. `kept` records refuse to be deleted while
    somebody attended; those with `history` have pages of their own for it.
    """

    view: str
    add: str = ""
    delete: str = ""
    scope: str = ""
    in_group: tuple[str, ...] = ()
    kept: bool = False
    history: bool = False


ADMIN = {
    "platform.importrun": Record("organiser"),
    "platform.user": Record("administrator", "administrator", "administrator"),
    "platform.scheduledjob": Record("administrator"),
    "platform.backup": Record("administrator"),
    "django_tasks_database.dbtaskresult": Record("administrator"),
    "members.member": Record("supervisor", "organiser", "organiser", "group", kept=True, history=True),
    "members.pass": Record("organiser", scope="group"),
    "members.loyaltyentry": Record("organiser", "organiser", "", "group"),
    "members.apikey": Record("administrator", "administrator"),
    "events.category": Record("steward", "organiser", "organiser", "all"),
    "events.group": Record("steward", "organiser", "organiser", "group", history=True),
    "events.groupmember": Record("supervisor", "organiser", "organiser", "group", in_group=("add", "delete")),
    "events.grouprole": Record("administrator", "administrator", "administrator"),
    "events.series": Record("steward", "organiser", "organiser", "group", in_group=("add", "delete")),
    "events.runday": Record("steward", "", "", "group"),
    "events.event": Record(
        "steward", "organiser", "organiser", "group", in_group=("add", "delete"), kept=True, history=True
    ),
    "attendance.attendance": Record("supervisor", "supervisor", "", "group", in_group=("add",)),
    "attendance.scan": Record("supervisor", "", "", "group"),
    "attendance.device": Record("organiser", "", "", "group"),
}
