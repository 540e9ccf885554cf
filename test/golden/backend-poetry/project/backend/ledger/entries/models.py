from django.db import models

from ledger.accounts.models import Account


class Entry(models.Model):
    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    booked_on = models.DateField()

    def __str__(self):
        return f"{self.booked_on} {self.amount}"
