"""What runs inside the image: the jobs before the services, a service, the operator's commands."""
