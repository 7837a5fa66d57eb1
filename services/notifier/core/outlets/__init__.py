"""What leaves the notifier for programs: feeds, CAP messages, webhooks, and the page that stops mails."""
