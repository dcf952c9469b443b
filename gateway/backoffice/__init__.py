"""What spans the apps for people: the evidence about an order on one page, and the queues that people work off."""
