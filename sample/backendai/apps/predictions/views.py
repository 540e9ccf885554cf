from rest_framework.response import Response
from rest_framework.views import APIView

from apps.predictions.serializers import PredictionSerializer
from apps.predictions.services import predict_demand


class PredictionListView(APIView):
    """Next week's demand of every active product."""

    def get(self, request):
        predictions = predict_demand()
        return Response(
            {
                "count": len(predictions),
                "results": PredictionSerializer(predictions, many=True).data,
            }
        )
