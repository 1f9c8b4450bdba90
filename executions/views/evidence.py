"""All that is known of an execution, in one file to keep or to send."""

from collections.abc import AsyncIterator, Generator

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from executions.permissions import allowed_operations, check_allowed
from executions.services.evidence import Evidence
from executions.views.errors import respond
from executions.views.frame import fetch, real_id
from executions.views.freshness import away_of


class Made(StreamingHttpResponse):
    """An answer that is made while it is sent. Django's own would collect all of it before the first byte leaves."""

    def __init__(self, made: Generator[bytes, None, None]) -> None:
        super().__init__(made, content_type="application/zip")
        self._made = made

    async def __aiter__(self) -> AsyncIterator[bytes]:
        # In the request's own thread, as the view was: there it has its connection to the database.
        try:
            while piece := await sync_to_async(lambda: next(self._made, b""))():
                yield piece
        finally:
            # Who leaves in the middle leaves nothing open.
            await sync_to_async(self._made.close)()


@require_safe
def evidence(request: HttpRequest, execution_id: str) -> HttpResponseBase:
    """A read, so it is not in the audit: what it holds can be read on the execution's pages as well."""
    check_allowed(request.user, "get")
    run = fetch(request, real_id(execution_id))
    if away := away_of(request):
        # Evidence is of now.
        return respond(request, away)
    made = Evidence(run, username=request.user.get_username(), may=allowed_operations(request.user))
    response = HttpResponse(content_type="application/zip") if request.method == "HEAD" else Made(made.stream())
    response["Content-Disposition"] = f'attachment; filename="{made.name}"'
    response["Cache-Control"] = "no-store"
    # A proxy that waits for the whole of it would hide that it is coming.
    response["X-Accel-Buffering"] = "no"
    return response
