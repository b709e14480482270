"""Every address × every person → the expected status."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db import models, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django.plugin import DjangoDbBlocker

from attendance import eventcodes
from attendance.models import Attendance, Scan
from attendance.subjects import by_member
from attendance.tests.factories import come_in, make_device
from checkin_project.platform.access import SYSTEM, Role
from checkin_project.platform.exports.links import link_to
from checkin_project.platform.models import Backup, ScheduledJob, User
from checkin_project.platform.tests.exports import stored_run
from checkin_project.platform.tests.factories import make_import_run, make_user
from checkin_project.tests.matrix import ADMIN, PEOPLE, ROWS, Row
from events.models import Category, Group, GroupMember, GroupRole, RunDay
from events.tests.factories import make_event, make_group, make_series
from members import loyalty, passes
from members.keys import create_key
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
ACTS = ("changelist", "add", "history", "delete", "change")
# One old version of a record, which opens to those who may see its history, and an administrator's form.
PAGES_OF_RECORDS = {
    "admin:events_event_simple_history",
    "admin:events_group_simple_history",
    "admin:members_member_simple_history",
    "admin:auth_user_password_change",
}
RANK = ["steward", "supervisor", "organiser", "administrator"]


def routes(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """(name with its namespaces, pattern) of every address there is."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            inner = ":".join(part for part in (namespace, entry.namespace or "") if part)
            yield from routes(entry, inner)
        else:
            yield ":".join(part for part in (namespace, entry.name or "") if part), entry


def is_admin_record(name: str) -> bool:
    return name.startswith("admin:") and name.rsplit("_", 1)[-1] in ACTS


class World:
    """Two groups with everything in them, and the people of the table."""

    def __init__(self) -> None:
        self.groups = {"own": make_group(), "foreign": make_group()}
        self.objects = {whose: self._belongings(group) for whose, group in self.groups.items()}
        self.users: dict[str, User] = {}
        self.cookies = {name: self._cookies(name) for name in PEOPLE}
        for whose, user in (("own", self.users["group_organiser"]), ("foreign", make_user())):
            run = stored_run(user)
            self.objects[whose][run._meta.label_lower] = run
        # One for all: each of its own would read the list of static files anew.
        self.handler = Client().handler

    def ask(self, person: str, method: str, url: str) -> int:
        """The status that this person, in a fresh browser with their cookies, gets."""
        client = Client()
        client.handler = self.handler
        client.cookies.load(self.cookies[person])
        return client.generic(method, url, content_type="application/x-www-form-urlencoded").status_code

    def _belongings(self, group: Group) -> dict[str, models.Model]:
        now = timezone.now()
        event = make_event(group=group, starts_at=now, ends_at=now + timedelta(hours=1))
        member = make_member()
        come_in(by_member(member.pk), event, at=now, by=SYSTEM)
        pass_, _code = passes.issue(member, at=now)
        series = make_series(group=group)
        role = GroupRole.objects.create(user=make_user(role=None), group=group, role=Role.STEWARD)
        things: list[models.Model] = [
            event,
            group,
            member,
            pass_,
            series,
            role,
            loyalty.award(member.pk, 5, description="Came", at=now) or member,
            create_key("Key", ["check_in"])[0],
            Category.objects.create(name="Talks", slug=f"talks-{group.pk}"),
            GroupMember.objects.get(group=group, member=member),
            RunDay.objects.create(series=series, date=now.date()),
            Attendance.objects.get(event=event),
            Scan.objects.get(event=event),
            make_device(event_id=event.pk, at=now)[0],
            make_user(role=None),
            make_import_run(),
            ScheduledJob.objects.create(name=f"job-{group.pk}"),
            Backup.objects.create(name=f"backup-{group.pk}", made_at=now, size=1),
            DBTaskResult.objects.create(task_path="nothing", run_after=now, args_kwargs={}),
        ]
        return {thing._meta.label_lower: thing for thing in things}

    def _cookies(self, name: str) -> dict[str, str]:
        if name == "cleo":
            return {}
        if name == "kiosk":
            event = self.objects["own"]["events.event"]
            return {settings.DEVICE_COOKIE_NAME: make_device(event_id=event.pk, at=timezone.now())[1]}
        client = Client()
        self.users[name] = self._user(name)
        client.force_login(self.users[name])
        return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}

    def _user(self, name: str) -> User:
        if name == "nobody":
            return make_user(role=None)
        if not name.startswith("group_"):
            return make_user(role=Role(name))
        user = make_user(role=None)
        GroupRole.objects.create(user=user, group=self.groups["own"], role=name.removeprefix("group_"))
        return user

    def arguments(self, route: str, target: str) -> list[object]:
        if route == "admin:app_list":
            return ["members"]
        if not target:
            return []
        if route == "attendance:kiosk-pair-link":
            return ["BCDFGH"]
        if route.startswith("exports-"):
            run: Any = self.objects["own" if target == "absent" else target]["platform.exportrun"]
            if route == "exports-file":
                return ["NOPE" if target == "absent" else link_to(run).split("/")[-2]]
            return [999_999 if target == "absent" else run.pk]
        if route == "attendance:reports-table":
            return ["nothing" if target == "absent" else "attendance-by-event", "csv"]
        if route.startswith("members:pass"):
            known = self.objects["own" if target == "absent" else target]["members.pass"]
            return ["P" + "A" * 26 if target == "absent" else passes.code_of(known)]  # type: ignore[arg-type]
        if route.startswith("attendance:self"):
            about: Any = self.objects["own" if target == "absent" else target]["events.event"]
            return ["NOPE" if target == "absent" else eventcodes.issue(about, at=timezone.now()).token]
        if "importrun" in route:
            return [999_999 if target == "absent" else self.objects[target]["platform.importrun"].pk]
        if route == "attendance:data-download":
            return ["csv" if target == "own" else "pdf"]
        if "devices" in route or route == "attendance:saved-view":
            return [999_999 if target == "absent" else self.objects[target]["attendance.device"].pk]
        event = self.objects["own" if target == "absent" else target]["events.event"]
        code = "NOPENOPE" if target == "absent" else event.code  # type: ignore[attr-defined]
        return [code, "json"] if route == "attendance:dashboard-file" else [code]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Made once: each test's own transaction, inside this one, takes back what the test did."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


def expected(statuses: str) -> list[int]:
    each = [int(status) for status in statuses.split()]
    return each * len(PEOPLE) if len(each) == 1 else each


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.route} {row.target}".strip())
def test_each_person_gets_the_status_of_the_table(row: Row, world: World) -> None:
    url = reverse(row.route, args=world.arguments(row.route, row.target))

    for method, statuses in (("GET", row.get), ("POST", row.post)):
        got = {name: world.ask(name, method, url) for name in PEOPLE}
        assert got == dict(zip(PEOPLE, expected(statuses), strict=True)), method


def admin_status(model: str, act: str, person: str, whose: str) -> int:
    """What the table of records says. A foreign record answers as an absent one does."""
    if person in ("cleo", "nobody", "kiosk"):
        return 302
    record, in_group = ADMIN[model], person.startswith("group_")
    role = person.removeprefix("group_")

    def may(kind: str, least: str) -> bool:
        reaches = not in_group or kind in record.in_group or (kind == "view" and bool(record.scope))
        return bool(least) and reaches and RANK.index(role) >= RANK.index(least)

    if act == "changelist":
        return 200 if may("view", record.view) else 403
    if act == "add":
        return 200 if may("add", record.add) else 403
    is_absent = whose == "absent" or (in_group and whose == "foreign" and record.scope == "group")
    if act == "history" and (is_absent or not may("view", record.view)):
        return 404 if record.history else 302
    if act == "delete":
        return (302 if is_absent or record.kept else 200) if may("delete", record.delete) else 403
    return (302 if is_absent else 200) if may("view", record.view) else 403


def test_old_versions_and_passwords_open_to_those_who_may(world: World) -> None:
    now = {"events.event": "organiser", "events.group": "organiser", "members.member": "organiser"}
    for model, role in now.items():
        record = world.objects["foreign"][model]
        version = record.history.first()  # type: ignore[attr-defined]
        name = model.replace(".", "_")
        url = reverse(f"admin:{name}_simple_history", args=[record.pk, version.pk])
        assert world.ask(role, "GET", url) == 200
        assert [world.ask(person, "GET", url) for person in ("cleo", "nobody", "kiosk")] == [302, 302, 302]
        assert world.ask("group_organiser", "GET", url) in (302, 403, 404)
    user = world.objects["own"]["platform.user"]
    url = reverse("admin:auth_user_password_change", args=[user.pk])
    got = {person: world.ask(person, "GET", url) for person in PEOPLE}
    assert {person for person, status in got.items() if status == 200} == {"administrator"}


@pytest.mark.parametrize("model", sorted(ADMIN))
def test_each_admin_page_opens_to_those_of_the_table(model: str, world: World) -> None:
    name = model.replace(".", "_")
    wrong = []
    for act in ACTS:
        for whose in ("own", "foreign", "absent") if act in ("history", "delete", "change") else ("",):
            pk: Any = 999_999 if whose == "absent" else world.objects[whose][model].pk if whose else None
            url = reverse(f"admin:{name}_{act}", args=[pk] if whose else [])
            for person in PEOPLE:
                got = world.ask(person, "GET", url)
                want = admin_status(model, act, person, whose)
                if got != want:
                    wrong.append(f"{act} {whose} {person}: {got}, not {want}")

    assert wrong == []


def test_every_route_is_in_the_table() -> None:
    named = {name for name, _pattern in routes()}
    covered = {row.route for row in ROWS} | PAGES_OF_RECORDS
    records = {f"admin:{model.replace('.', '_')}_{act}" for model in ADMIN for act in ACTS}

    # Without a name are only the admin's redirect from an old address and its answer to unknown ones.
    assert named - covered - records == {"admin"}
    assert covered <= named


def test_every_record_of_the_admin_is_in_the_table() -> None:
    assert {model._meta.label_lower for model in admin.site._registry} == set(ADMIN)


READ_ONLY = ("GET", "HEAD", "OPTIONS")


def test_looking_changes_no_row(world: World) -> None:
    before = snapshot()
    for row in ROWS:
        url = reverse(row.route, args=world.arguments(row.route, row.target))
        for method in READ_ONLY:
            for person in ("cleo", "administrator", "kiosk"):
                world.ask(person, method, url)

    assert before["attendance.Attendance"]
    assert snapshot() == before


def snapshot() -> dict[str, list[Any]]:
    """Every row of every table of ours, as values."""
    ours = ("members", "events", "attendance", "platform")
    return {
        model._meta.label: sorted(map(repr, model._default_manager.values_list()))
        for model in apps.get_models()
        if model._meta.app_label in ours and model._meta.managed
    }
