"""Static files as they are collected for production."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

# The stubs know neither this (Django has it since 4.2) nor WhiteNoise's classes.
_, _IMPORTS = HashedFilesMixin._js_module_import_aggregation_patterns  # type: ignore[attr-defined]


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Modules that modules import have a digest in their names too: a browser asks for each once, not at every page.

    Only the console's own modules: other apps' scripts name files in their comments that they do not bring.
    """

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = ("js/*.js", _IMPORTS)
