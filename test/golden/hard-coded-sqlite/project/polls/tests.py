from django.test import TestCase


class QuestionIndexViewTests(TestCase):
    def test_no_questions(self):
        self.assertContains(self.client.get("/polls/"), "No polls are available.")
