import pandas as pd
from django.http import JsonResponse
from django.shortcuts import get_object_or_404

from stations.models import Station


def daily_means(request, station_id):
    station = get_object_or_404(Station, pk=station_id)
    frame = pd.DataFrame(station.readings.values("taken_at", "celsius"))
    if frame.empty:
        return JsonResponse({})
    means = frame.groupby(frame["taken_at"].dt.date)["celsius"].mean().round(1)
    return JsonResponse({str(day): mean for day, mean in means.items()})
