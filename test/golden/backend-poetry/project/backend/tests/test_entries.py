import pytest


@pytest.mark.django_db
def test_no_entries(client):
    assert client.get("/api/entries/").json() == []
