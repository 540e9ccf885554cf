from django.test import TestCase


class OrderCountTests(TestCase):
    def test_empty(self):
        self.assertEqual(self.client.get("/orders/count/").json(), {"orders": 0})
