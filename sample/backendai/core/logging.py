import logging

from core.request_id import current_request_id


class RequestIDFilter(logging.Filter):
    """Gives every log record the id of the request that it belongs to."""

    def filter(self, record):
        record.request_id = current_request_id.get()
        return True
