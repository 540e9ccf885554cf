from rest_framework import serializers, viewsets

from .models import Entry


class EntrySerializer(serializers.ModelSerializer):
    class Meta:
        model = Entry
        fields = ["id", "account", "amount", "booked_on"]


class EntryViewSet(viewsets.ModelViewSet):
    queryset = Entry.objects.order_by("-booked_on")
    serializer_class = EntrySerializer
