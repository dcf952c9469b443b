"""Two tables: an order and what happened to it."""

from django.db import models


class Order(models.Model):
    """The columns that a product names in an order of the service."""

    payment_system = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=20, decimal_places=4)
    customer = models.CharField(max_length=128)
    reference = models.CharField(max_length=128)
    status = models.CharField(max_length=20, default="created")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "bare"

    def __str__(self) -> str:
        return self.reference


class OrderMove(models.Model):
    """The second row."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT)
    to_status = models.CharField(max_length=20)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "bare"

    def __str__(self) -> str:
        return self.to_status
