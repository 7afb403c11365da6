"""How processes of the service begin, listen, look after each other and end."""
