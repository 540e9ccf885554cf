from rest_framework import generics

from apps.catalog.models import Product
from apps.catalog.serializers import ProductSerializer


class ProductListView(generics.ListAPIView):
    queryset = Product.objects.filter(is_active=True).select_related("category")
    serializer_class = ProductSerializer


class ProductDetailView(generics.RetrieveAPIView):
    queryset = ProductListView.queryset
    serializer_class = ProductSerializer
    lookup_field = "slug"
