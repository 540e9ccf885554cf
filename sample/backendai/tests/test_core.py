import pytest
from django.db import connection
from django.db.utils import OperationalError

pytestmark = pytest.mark.django_db


def test_home_links_to_the_predictions(client):
    response = client.get("/")
    assert response.status_code == 200
    assert "/api/predictions/" in response.content.decode()


def test_healthz(client):
    response = client.get("/healthz/")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "database": True}


def test_healthz_without_database(client, monkeypatch):
    def fail():
        raise OperationalError("no connection")

    monkeypatch.setattr(connection, "cursor", fail)
    assert client.get("/healthz/").status_code == 503


@pytest.mark.parametrize(("given", "kept"), [("abcd-1234-efgh", True), ("bad id\n", False)])
def test_request_id(client, given, kept):
    response = client.get("/", headers={"X-Request-ID": given})
    assert (response["X-Request-ID"] == given) is kept
