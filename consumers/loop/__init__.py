"""What every consuming role is made of: group membership, the loop of a partition, retries, observation."""
