"""What Kubernetes objects are to the Controller, as pure functions over the JSON that the API server speaks."""
