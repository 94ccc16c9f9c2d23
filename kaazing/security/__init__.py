"""Who may come in, and who clients are at backends.

A visit's way: C{guarded} (a service behind a guard) asks C{guard}, which takes off it what pages carry
(C{carriers}), reads what else it gives (C{attempts}), knows sessions and tickets (C{cookies}, C{tickets},
which all guards share at one C{desk}), puts off who guesses (C{throttle}), and asks its realm (C{realms}):
a portal of twisted.cred before a C{chain} of login C{modules}. How long who was let in may stay is
C{lifetime}; C{authpages} are the URLs below each accept.

Who a client is at a backend the C{keyring} says: from its C{stores}, or from what was sealed (C{seals}).
C{keys} are the gateway's own, for those and for cookies.

What modules and stores share: C{files} and C{watched} (files, and those that change), C{users} and
C{passwords}, C{workers} (threads), C{endpoints}, C{bodies} and C{pools} (HTTP).
"""
