from contextvars import ContextVar

current_request_id = ContextVar("current_request_id", default="-")
