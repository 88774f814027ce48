"""What no schema can say, and so what Schemathesis cannot know."""

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import JsonSchemaError, RejectedPositiveData

# JSON Schema cannot compare two members, tell one listing's cursors from any other text, or read a URL as a browser does.
# Whoever gets these wrong must hear of it, so the API refuses what its schema has to allow. Only a request with no other
# fault is excused.
BEYOND_SCHEMA = (
    "min_delay is longer than max_delay",
    "is no cursor of this listing",
    "give a next_cursor as it was given",
    "leave the state out, or name reserved",
    "the callback's URL",
)


def is_beyond(detail):
    # A URL that was read, but must not be posted to, is named first.
    return detail.lower().startswith("https://") or any(beyond in detail for beyond in BEYOND_SCHEMA)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    if isinstance(failure, RejectedPositiveData) and response.status_code == 422:
        body = response.json()
        details = [error["detail"] for error in body["errors"]] or [body["detail"]]
        return not all(is_beyond(detail) for detail in details)
    # A batch that is not atomic refuses each task that is at fault in that task's own result.
    if isinstance(failure, AcceptedNegativeData) and case.operation.path.endswith("/enqueue/batch"):
        return not any("error" in result for result in response.json()["results"])
    # OpenAPI 3.1 says of a stream that it is text; here each event is held against that, and an event is an object.
    if isinstance(failure, JsonSchemaError) and case.operation.path == "/api/v1/events":
        return failure.title != "SSE event violates schema"
    return True
