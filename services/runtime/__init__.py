"""What every service stands on: broker, store, outbox, health, metrics, logs.  Knows Kafka, not stories."""
