"""The costs of each operation in calls, capacity units and bytes. They do not depend on the speed of a machine."""
