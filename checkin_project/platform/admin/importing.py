"""The import's first and last step on the library's pages: a file is sent, and what its preview showed is confirmed.

Addresses, names, hooks and templates are those of django-import-export; what is read and written is our own engine's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST
from import_export.admin import ImportMixin

from checkin_project.platform.access import Permission, request_actor
from checkin_project.platform.admin.importforms import UploadForm
from checkin_project.platform.admin.visible import VisibleAdmin
from checkin_project.platform.adminsite import Panel
from checkin_project.platform.exports.troubles import in_words, storage_errors
from checkin_project.platform.imports import kinds, runs
from checkin_project.platform.imports.records import ImportRun
from checkin_project.platform.uploads import was_too_large

if TYPE_CHECKING:

    class _ImportMixin: ...

else:
    _ImportMixin = ImportMixin

SHOWN = 5


class ImportPages(_ImportMixin, VisibleAdmin):
    """Adds `import/` and `process_import/` to a model's pages. `import_kind` is meant where headings say nothing."""

    import_kind = ""
    import_template_name = "admin/import/upload.html"
    import_export_change_list_template = "admin/import_export/change_list_import_export.html"

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request_actor(request).may(Permission.IMPORT)

    def get_import_resource_classes(self, request: HttpRequest) -> list[Any]:
        """None: the library's own reading and writing is not used."""
        return []

    @method_decorator(csrf_exempt)
    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        # Asked before the form is looked at for its token: a stranger's megabytes are not even read.
        if not self.has_import_permission(request):
            raise PermissionDenied
        return self._upload(request)

    @method_decorator(csrf_protect)
    def _upload(self, request: HttpRequest) -> HttpResponse:
        form = self.create_import_form(request)
        if request.method == "POST" and form.is_valid():
            run = _received(request, form)
            if run is not None:
                return HttpResponseRedirect(run.get_absolute_url())
        context = self.admin_site.each_context(request) | {
            "title": _("Import a spreadsheet"),
            "opts": self.opts,
            "form": form,
            "errors": form.errors,
            "media": self.media + form.media,
            "fields_list": [(kind.label, kind.fields.values()) for kind in kinds.kinds()],
        }
        return TemplateResponse(request, [self.import_template_name], context)

    def create_import_form(self, request: HttpRequest) -> UploadForm:
        sent = request.method == "POST"
        return UploadForm(
            request.POST if sent else None,
            request.FILES if sent else None,
            fallback=self.import_kind,
            was_too_large=sent and was_too_large(request),
        )

    @method_decorator(require_POST)
    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Confirm a run: its number and the fingerprint of the preview that was looked at."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        number = request.POST.get("run", "")
        visible = ImportRun.objects.visible_to(request_actor(request))
        run = get_object_or_404(visible, pk=int(number) if number.isascii() and number.isdigit() else 0)
        fingerprint = request.POST.get("fingerprint", "")
        refusal = runs.confirm(run, fingerprint, by=request_actor(request), at=timezone.now())
        if refusal:
            messages.error(request, refusal)
        return HttpResponseRedirect(run.get_absolute_url())


def _received(request: HttpRequest, form: UploadForm) -> ImportRun | None:
    """The run of the file that was sent; None, with a sentence in the form, when it cannot be kept."""
    file = form.cleaned_data["import_file"]
    try:
        return runs.receive(
            file,
            name=file.name,
            header=form.header,
            choices=form.choices,
            by=request_actor(request),
            at=timezone.now(),
        )
    except storage_errors() as error:
        form.add_error("import_file", _("The file could not be kept: %(reason)s") % {"reason": in_words(error)})
        return None


def import_panel(request: HttpRequest) -> Panel | None:
    """For the start page: a way in, and what waits for a yes."""
    actor = request_actor(request)
    if not actor.may(Permission.IMPORT):
        return None
    waiting = ImportRun.objects.visible_to(actor).waiting()[:SHOWN]
    return Panel("admin/import/_start.html", {"waiting": waiting})
