import re
import uuid

from core.request_id import current_request_id

HEADER = "X-Request-ID"
SAFE_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


class RequestIDMiddleware:
    """Takes the proxy's request id, or makes one, and sends it back."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        given = request.headers.get(HEADER, "")
        request_id = given if SAFE_ID.fullmatch(given) else uuid.uuid4().hex
        token = current_request_id.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            current_request_id.reset(token)
        response[HEADER] = request_id
        return response
