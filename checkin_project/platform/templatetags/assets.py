"""{% style "css/home.css" %} puts a stylesheet into the page; {% module "js/kiosk.js" %} loads a page's script."""

from __future__ import annotations

from typing import Any

from django import template
from django.http import HttpRequest
from django.template.base import FilterExpression, Parser, Token
from django.template.context import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from checkin_project.platform import assets

register = template.Library()


class StyleNode(template.Node):
    """Renders our own file's text as it is: a page's style element knows no escapes."""

    def __init__(self, name: FilterExpression) -> None:
        self.name = name

    def render(self, context: Context) -> SafeString:
        name = str(self.name.resolve(context))
        request: Any = context.get("request")
        if not isinstance(request, HttpRequest):
            # Error pages stand on nothing: without a request no policy can be told what it has to allow.
            return format_html('<link rel="stylesheet" href="{}">', static(name))
        found = assets.sheet(name)
        assets.allow_sheet(request, found)
        return SafeString(f"<style>{found.text}</style>")


@register.tag
def style(parser: Parser, token: Token) -> StyleNode:
    """{% style "css/home.css" %}: the stylesheet inside the page, painted without a second round trip."""
    _tag, name = token.split_contents()
    return StyleNode(parser.compile_filter(name))


@register.simple_tag
def module(name: str) -> SafeString:
    """{% module "js/kiosk.js" %}, at the end of the body: the script and all it imports, fetched in one round.

    It waits for nothing and nothing waits for it: the page is ready, as a plain form, before its script is.
    """
    imported = ((static(each),) for each in assets.imports_of(name))
    preloads = format_html_join("", '<link rel="modulepreload" href="{}">', imported)
    return format_html('<script type="module" async src="{}"></script>{}', static(name), preloads)
