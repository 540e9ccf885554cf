import pytest

from apps.catalog.models import Product

pytestmark = pytest.mark.django_db


def test_products_come_from_the_first_migration(client):
    body = client.get("/api/catalog/products/").json()
    assert body["count"] == Product.objects.filter(is_active=True).count() == 8


def test_inactive_products_are_hidden(client):
    Product.objects.filter(slug="phin-filter").update(is_active=False)
    assert client.get("/api/catalog/products/phin-filter/").status_code == 404
