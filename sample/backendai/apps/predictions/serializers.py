from rest_framework import serializers


class PredictionSerializer(serializers.Serializer):
    product = serializers.CharField()
    slug = serializers.SlugField()
    category = serializers.SlugField()
    last_week = serializers.DateField()
    units_last_week = serializers.IntegerField()
    predicted_units = serializers.FloatField()
