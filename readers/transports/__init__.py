"""Ways to a reader: serial lines and sockets, HTTP, MQTT, webhooks, keyboards that type."""
