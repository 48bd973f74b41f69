"""A campaign's later life: closed, exported, archived or purged. One-off jobs for a campaign manager."""
