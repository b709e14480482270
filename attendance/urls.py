"""The doors and their devices."""

from django.urls import path

from attendance.views import (
    dashboard,
    dashboard_desk,
    dashboard_extras,
    devices,
    displays,
    kiosk,
    kiosk_lock,
    kiosk_pairing,
    kiosk_registration,
    live,
    posters,
    self_check_in,
)

app_name = "attendance"
urlpatterns = [
    path("kiosk/", kiosk.home, name="kiosk"),
    path("kiosk/pair-here/", kiosk_pairing.pair_here, name="kiosk-pair-here"),
    path("kiosk/pair/", kiosk_pairing.pair_by_code, name="kiosk-pair"),
    path("kiosk/pair/<slug:code>/", kiosk_pairing.pair_by_link, name="kiosk-pair-link"),
    path("kiosk/heartbeat/", kiosk.heartbeat, name="kiosk-heartbeat"),
    path("kiosk/unlock/", kiosk_lock.unlock, name="kiosk-unlock"),
    path("kiosk/unpair/", kiosk_lock.unpair, name="kiosk-unpair"),
    path("kiosk/<slug:code>/", kiosk.event_page, name="kiosk-event"),
    path("kiosk/<slug:code>/check-in/", kiosk.check_in_page, name="kiosk-check-in"),
    path("kiosk/<slug:code>/search/", kiosk.search, name="kiosk-search"),
    path("kiosk/<slug:code>/register/", kiosk_registration.register, name="kiosk-register"),
    path("c/<str:token>/", self_check_in.page, name="self"),
    path("c/<str:token>/forget/", self_check_in.forget, name="self-forget"),
    path("events/codes/print/", posters.codes_print, name="codes-print"),
    path("events/<slug:code>/qr/", displays.code_display, name="code-display"),
    path("events/<slug:code>/qr/now/", displays.code_now, name="code-now"),
    path("events/<slug:code>/qr/print/", posters.code_print, name="code-print"),
    path("events/<slug:code>/qr/withdraw/", displays.withdraw, name="code-withdraw"),
    path("events/<slug:code>/screen/", displays.screen, name="screen"),
    path("events/<slug:code>/live/", live.poll, name="live"),
    path("dashboard/", dashboard.dashboards, name="dashboards"),
    path("dashboard/<slug:code>/", dashboard_desk.dashboard, name="dashboard"),
    path("dashboard/<slug:code>/parts/", dashboard.parts, name="dashboard-parts"),
    path("dashboard/<slug:code>/settings/", dashboard_extras.event_settings, name="dashboard-settings"),
    path("dashboard/<slug:code>/close/", dashboard_extras.close, name="dashboard-close"),
    path("dashboard/<slug:code>/door-list/", dashboard_extras.door_list, name="door-list"),
    path("dashboard/<slug:code>/paper/", dashboard_extras.type_in, name="paper"),
    path("dashboard/<slug:code>/attendance.<slug:form>", dashboard_extras.event_file, name="dashboard-file"),
    path("devices/", devices.devices_page, name="devices"),
    path("devices/pair/", devices.pair, name="devices-pair"),
    path("devices/pairing/<int:pk>/", devices.pairing_state, name="devices-pairing"),
    path("devices/<int:pk>/revoke/", devices.revoke, name="devices-revoke"),
]
