"""The one address, its view and its serializer."""

from django.db import transaction
from django.urls import path
from rest_framework import generics, serializers

from benchmarks.bare.models import Order, OrderMove


class OrderSerializer(serializers.ModelSerializer[Order]):
    """As the tutorial has it."""

    class Meta:
        model = Order
        fields = ["id", "payment_system", "currency", "amount", "customer", "reference", "status", "created_at"]
        read_only_fields = ["status"]


class OrdersView(generics.CreateAPIView[Order]):
    """Inserts two rows and shows the first."""

    serializer_class = OrderSerializer

    @transaction.atomic
    def perform_create(self, serializer: serializers.BaseSerializer[Order]) -> None:
        """The order and its first move."""
        order = serializer.save()
        OrderMove(order=order, to_status=order.status).save()


urlpatterns = [path("orders/", OrdersView.as_view())]
