"""MQTT 3.1, 3.1.1 and 5: checked in both directions, the backend's login put in, a policy kept."""
