"""Static files in production: named by their content, kept by browsers for good, compressed once."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ContentNamedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # whitenoise has no types
    """Modules import each other under content names too, so a browser never mixes those of two releases."""

    support_js_module_import_aggregation = True
