from rest_framework.decorators import api_view
from rest_framework.response import Response

from . import models_of_data, services


@api_view(["GET"])
def everything(request):
    """Uses each of the AI packages a little; none of them is imported before the first request."""
    return Response(
        {
            "lightgbm": models_of_data.trees(),
            "scikit-learn": models_of_data.clusters(),
            "scipy": models_of_data.optimum(),
            "pandas": models_of_data.table(),
            "opencv": models_of_data.image(),
            "onnxruntime": models_of_data.session_providers(),
            "openai": services.chat_client(),
            "supabase": services.supabase_client(),
        }
    )
