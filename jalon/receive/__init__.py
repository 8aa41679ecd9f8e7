"""The push engine: webhooks come in here, verified, sealed and durable before they are acknowledged."""
