"""Clients of services; nothing is sent."""

import os


def chat_client():
    from openai import OpenAI

    client = OpenAI(api_key=os.environ.get("OPENAI_API_KEY", "not-set"))
    return str(client.base_url)


def supabase_client():
    from supabase import create_client

    client = create_client("http://localhost:54321", "sb_publishable_0123456789012345678901")
    return str(client.supabase_url)
