from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "testing_apps.sandbox"
