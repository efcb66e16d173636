"""What each operation costs: counted in calls, capacity units and bytes, which no machine's speed changes."""
