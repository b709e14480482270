"""Passes: the page of one, its pictures, and cards to print."""

from django.urls import path

from members.views import cards, passes

app_name = "members"
urlpatterns = [
    path("pass/<str:token>/", passes.pass_page, name="pass"),
    path("pass/<str:token>/qr.svg", passes.svg_file, name="pass-svg"),
    path("pass/<str:token>/qr.png", passes.png_file, name="pass-png"),
    path("passes/cards/", cards.cards_page, name="pass-cards"),
]
