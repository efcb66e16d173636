"""The original design (FastAPI, Mangum, boto3), as it was written: what the API is measured against. It is never deployed."""
