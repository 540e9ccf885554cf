from django.test import TestCase


class PostListTests(TestCase):
    def test_empty(self):
        self.assertEqual(self.client.get("/").status_code, 200)
