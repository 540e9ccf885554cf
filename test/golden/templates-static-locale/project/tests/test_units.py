from django.test import SimpleTestCase

from recipes.units import to_grams


class UnitTests(SimpleTestCase):
    def test_synonym(self):
        self.assertEqual(to_grams(2, "teaspoon"), 10)
