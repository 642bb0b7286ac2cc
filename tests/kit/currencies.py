"""The numbers of the currencies, as the log has them."""

INSPIRATION = 1001
KUAIBI = 1002
CNY = 156
