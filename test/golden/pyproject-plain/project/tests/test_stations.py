import pytest


@pytest.mark.django_db
def test_unknown_station(client):
    assert client.get("/stations/1/daily/").status_code == 404
