def test_up(client):
    assert client.get("/up/").content == b"ok"
