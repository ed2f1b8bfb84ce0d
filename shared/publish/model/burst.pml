/*
Attempts at bringing a burst to Kafka exactly once, and what a cluster may do to them.
README.md says what is checked and how.

An attempt that is slow forever is one that died, and a message that never arrives is one
that was lost: the checker looks at every order of the steps below, and at every beginning
of each. What is said with printf is the story of a counterexample.
*/

/* The protocol. */
#ifndef STABLE
#define STABLE 1        /* 1: OffsetFetch asks for what is stable */
#endif
#ifndef RAISE
#define RAISE 1         /* 1: aborts by InitProducerID, which raises the epoch; 0: by EndTxn, which
                           does not; 2: by EndTxn first and then InitProducerID */
#endif
#ifndef RECHECK
#define RECHECK 1       /* 1: reads the ledger again from the broker that took its entry */
#endif
#ifndef SAME
#define SAME 1          /* 1: writes its entry to the broker that it read the ledger from, or not at all */
#endif
#ifndef MARK
#define MARK 0          /* another way: a mark of the attempt in the ledger, that the answer has to
                           show. 1: written after InitProducerID; 2: before it */
#endif

/* The cluster. */
#ifndef VERIFY
#define VERIFY 0        /* 1: leaders ask whether the transaction is under way, as of KIP-890 */
#endif
#ifndef LAZY
#define LAZY 0          /* 1: the ledger's broker takes a marker in after it has said that it did
                           (KAFKA-17507); 2: and then ends whatever of the producer is pending */
#endif
#ifndef BROKERS
#define BROKERS 2       /* that may lead the ledger, 3 at most */
#endif
#ifndef FREEZES
#define FREEZES 0       /* how often one of them stops and another takes over */
#endif
#ifndef TIMEOUTS
#define TIMEOUTS 1      /* 1: the coordinator may end a transaction at any time */
#endif
#ifndef COPIES
#define COPIES 0        /* how many messages arrive twice, for they were sent again */
#endif

/* The work. */
#ifndef ATTEMPTS
#define ATTEMPTS 2
#endif
#ifndef BURSTS
#define BURSTS 1        /* that share the ledger; attempts ask for them in turn */
#endif
#ifndef HALVES
#define HALVES 2        /* batches of a burst */
#endif
#ifndef ALONE
#define ALONE 0         /* 1: the last attempt has a healthy cluster for itself and must succeed */
#endif

#ifdef SEEN             /* tells what a search came by, for nothing is proved of what never happens */
c_decl {
	static char saw[4096];
	static void see(const char *what) {
		char line[80];
		snprintf(line, sizeof line, "seen: %s\n", what);
		if (!strstr(saw, line)) { strcat(saw, line); fputs(line, stdout); }
	}
}
#define seen(what) c_code { see(what); }
#else
#define seen(what) skip
#endif

#define burst(a) ((a) % BURSTS)
#define bit(a)   (1 << burst(a))

/* What an attempt sends, by bit. */
#define PARTITIONS 1    /* AddPartitionsToTxn */
#define HALF1      2    /* Produce, its batches */
#define HALF2      4
#define OFFSETS    8    /* AddOffsetsToTxn */
#define ENTRY     16    /* TxnOffsetCommit: the burst's entry in the ledger */
#define COMMIT    32    /* EndTxn */
#define ABORT     64
#define MARKED   128    /* OffsetCommit, outside the transaction */

#define LAST (HALVES == 2 -> HALF2 : HALF1)

byte flight[ATTEMPTS+1];        /* messages on their way to a broker */
byte acked[ATTEMPTS+1];         /* that were answered */
bool fenced[ATTEMPTS+1];        /* one was refused */
bool over[ATTEMPTS+1];          /* nobody waits for answers any more */
byte epochOf[ATTEMPTS+1];       /* from InitProducerID; attempts are numbered in its order */
byte entry[ATTEMPTS+1];         /* the ledger as the attempt writes it, a bit per burst */
byte asked[ATTEMPTS+1];         /* the broker that it read the ledger from */
byte told[ATTEMPTS+1];          /* and what that one said */
byte tookEntry[ATTEMPTS+1];     /* the broker that acknowledged it */
byte copies;

/* The transaction coordinator. It answers after a replicated write, so it is one thing,
   whichever brokers it is. */
mtype = { Empty, Ongoing, PrepareCommit, PrepareAbort };
mtype state = Empty;
byte epoch;
bool inData, inLedger;          /* partitions of the transaction */
bool markData, markLedger;      /* those that still need the marker */
byte decided;                   /* bursts whose commit was decided */

/* The data partition: copies of each half of each burst. */
byte open[2*BURSTS];            /* written since the last marker */
byte committed[2*BURSTS];       /* what readers see */
byte dataEpoch, nextHalf;       /* the newest epoch here, and the half that it comes to */
bool dataOpen;

/* The ledger: what its log says, and what each broker says that ever led it. */
typedef Ledger {
	byte entry;             /* committed */
	byte pending;           /* the attempt whose entry waits for its marker */
	byte mark;              /* the attempt that wrote its mark last */
}
Ledger log;
byte ledgerEpoch;
Ledger broker[BROKERS];
bool leads[BROKERS];            /* by its own belief */
byte leader;                    /* in truth; nothing else can write */
byte freezes;
chan lazy = [3] of { byte };    /* markers that its leader has not taken in yet */
#define ABORTED 16

#if ALONE
bool killed[ATTEMPTS+1];
byte gone;
bool calm;                      /* no more faults */
#else
#define calm false
#endif

inline prepare(how) {
	state = how; markData = inData; markLedger = inLedger
}

inline fence() {
	epoch++; prepare(PrepareAbort)
}

inline markerWritten() {
	if
	:: !markData && !markLedger -> state = Empty; inData = false; inLedger = false
	:: else
	fi
}

#define current (epoch == epochOf[a])

/* An answer of any broker that believes that it leads the ledger. */
#define answers(b) (leads[b] && !(STABLE && broker[b].pending))

proctype Attempt(byte a) {
	byte b;
	byte sent;
	{
#if ALONE
	if
	:: a == ATTEMPTS -> d_step { gone == ATTEMPTS-1 && leads[0] + leads[1] == 1 -> calm = true;
		printf("The others are gone and the cluster is healthy.\n") }
	:: else
	fi;
#endif
#if MARK == 2
	atomic { flight[a] = flight[a] | MARKED; printf("Attempt %d sends its mark.\n", a) };
	(acked[a] & MARKED);
#endif

	/* 1: InitProducerID ends what came before. */
	do
	:: d_step { (epochOf[a-1] || calm) && state == Ongoing ->
		fence();
		seen("fencing a transaction");
		printf("Attempt %d calls InitProducerID: the transaction under way is to be aborted, with epoch %d.\n", a, epoch) }
	:: d_step { (epochOf[a-1] || calm) && state == Empty ->
		epoch++;
		epochOf[a] = epoch;
		printf("Attempt %d calls InitProducerID and is given epoch %d.\n", a, epoch) };
		break
	od;

#if MARK == 1
mark:	/* 2: its mark. */
	atomic { acked[a] = 0; flight[a] = flight[a] | MARKED; printf("Attempt %d sends its mark.\n", a) };
	(acked[a] & MARKED);
#endif

	/* 3: the ledger. */
	atomic {
		if
		:: answers(0) -> b = 0
#if BROKERS > 1
		:: answers(1) -> b = 1
#endif
#if BROKERS > 2
		:: answers(2) -> b = 2
#endif
		fi;
		if
		:: b != leader ->
			seen("an answer of the past");
			printf("Broker %c wakes and believes that it still leads the ledger.\n", 'A'+b)
		:: else
		fi;
#if MARK == 1
		if
		:: broker[b].mark > a ->
			seen("fenced by the mark");
			printf("Attempt %d asks broker %c, which shows the mark of attempt %d: it is fenced.\n", a, 'A'+b, broker[b].mark);
			goto ended
		:: broker[b].mark < a ->
			seen("not its mark");
			printf("Attempt %d asks broker %c, which does not show its mark.\n", a, 'A'+b);
			goto mark
		:: else
		fi;
#elif MARK == 2
		if
		:: broker[b].mark != a -> goto ended
		:: else
		fi;
#endif
		if
		:: broker[b].entry & bit(a) ->
			seen("skipped");
			printf("Attempt %d asks broker %c, which has the burst: it is skipped.\n", a, 'A'+b);
			if
			:: !(decided & bit(a)) -> printf("But the burst is not there.\n"); assert(false)
			:: else
			fi;
			goto done
		:: else ->
			asked[a] = b;
			told[a] = broker[b].entry;
			entry[a] = told[a] | bit(a);
			printf("Attempt %d asks broker %c, which does not have the burst.\n", a, 'A'+b)
		fi;
		b = 0;

		/* 4: the transaction. Batches, and what the ledger needs, are on their way at once. */
		flight[a] = flight[a] | PARTITIONS;
		printf("Attempt %d sends AddPartitionsToTxn.\n", a)
	};
	do
	:: atomic { (acked[a] & PARTITIONS) && !sent -> sent = HALF1 | OFFSETS;
		flight[a] = flight[a] | HALF1 | OFFSETS; printf("Attempt %d sends the first half and AddOffsetsToTxn.\n", a) }
	:: atomic { HALVES == 2 && (acked[a] & HALF1) && !(sent & HALF2) -> sent = sent | HALF2;
		flight[a] = flight[a] | HALF2; printf("Attempt %d sends the second half.\n", a) }
	:: atomic { (acked[a] & OFFSETS) && !(sent & ENTRY) -> sent = sent | ENTRY;
		flight[a] = flight[a] | ENTRY; printf("Attempt %d sends TxnOffsetCommit.\n", a) }
	:: atomic { (acked[a] & LAST) && (acked[a] & ENTRY) -> break }
	:: fenced[a] -> goto ended
#if ALONE
	:: a < ATTEMPTS -> goto giveUp
#else
	:: true -> goto giveUp
#endif
	od;
#if RECHECK
	atomic {
		leads[tookEntry[a]];
		if
		:: broker[tookEntry[a]].entry != told[a] -> seen("the second look helped"); goto giveUp
		:: else -> printf("Attempt %d asks broker %c again, which says the same.\n", a, 'A'+tookEntry[a])
		fi
	};
#endif
	atomic { flight[a] = flight[a] | COMMIT; printf("Attempt %d sends EndTxn(commit).\n", a) };
	if
	:: atomic { (acked[a] & COMMIT) ->
		seen("published");
		printf("Attempt %d ends: published.\n", a);
		assert(decided & bit(a)) };
		goto done
	:: fenced[a] -> goto ended
	fi;

giveUp:	skip; /* Messages may be on their way. */
#if RAISE == 1
	if
	:: atomic { current -> seen("given up"); printf("Attempt %d gives up, and nobody has taken over yet.\n", a) }
	:: atomic { !current -> seen("given up, another goes on") }; goto ended
	fi;
	d_step {
		printf("Attempt %d calls InitProducerID.\n", a);
		if
		:: state == Ongoing -> fence()
		:: state == Empty -> epoch++
		:: else         /* is being ended */
		fi
	};
#elif RAISE == 2
	d_step {
		printf("Attempt %d gives up and calls EndTxn(abort).\n", a);
		seen("given up");
		if
		:: current && state == Ongoing -> prepare(PrepareAbort)
		:: else
		fi
	};
	d_step { state == Empty -> epoch++; printf("Attempt %d calls InitProducerID, which gives epoch %d.\n", a, epoch) };
#else
	d_step { flight[a] = flight[a] | ABORT; seen("given up"); printf("Attempt %d gives up and sends EndTxn(abort).\n", a) };
#endif
ended:	skip;
#if ALONE
	if
	:: a == ATTEMPTS -> printf("Attempt %d has failed.\n", a); assert(false)
	:: else
	fi;
#endif
done:	atomic { over[a] = true; acked[a] = 0; fenced[a] = false }
	}
#if ALONE
	unless { killed[a] };
	gone++
#endif
}

/* The request arrives; a copy of it may still come. */
inline arrives(what) {
	(flight[a] & what);
	if
	:: flight[a] = flight[a] & ~what
#if COPIES
	:: copies < COPIES -> copies++; printf("(Attempt %d's connection is lost; what it sends next it sends again.)\n", a)
#endif
	fi
}

inline ack(what) { acked[a] = (over[a] -> 0 : acked[a] | what) }

mtype = { Produce, AddPartitionsToTxn, AddOffsetsToTxn, TxnOffsetCommit, EndTxn };

inline refuse(what, request) {
	fenced[a] = !over[a] && !(acked[a] & what);
	seen("refused");
	printf("The %e of attempt %d is refused.\n", request, a)
}

#define beside(partition) (state == Ongoing && current && partition)  /* what a leader learns that verifies */
#define ok      (state == Empty || state == Ongoing)

inline half(h, what) {
	atomic {
		arrives(what);
		d_step {
			if
			:: epochOf[a] < dataEpoch -> refuse(what, Produce); seen("a late batch refused")
			:: epochOf[a] == dataEpoch && h < nextHalf -> ack(what); seen("a batch twice")
			:: (epochOf[a] > dataEpoch && h > 0) || (epochOf[a] == dataEpoch && h > nextHalf) -> refuse(what, Produce)
			:: VERIFY && !dataOpen && !beside(inData) -> refuse(what, Produce); seen("a batch outside of a transaction refused")
			:: else ->
				dataEpoch = epochOf[a];
				nextHalf = h + 1;
				dataOpen = true;
				open[2*burst(a)+h]++;
				ack(what);
				if
				:: beside(inData) -> printf("The leader takes half %d of attempt %d.\n", h+1, a)
				:: else -> seen("a late batch taken"); printf("The leader takes half %d of attempt %d, late.\n", h+1, a)
				fi
			fi
		}
	}
}

/* The brokers' end of the attempt's connections. */
proctype Requests(byte a) {
end:	do
	:: half(0, HALF1)
#if HALVES == 2
	:: half(1, HALF2)
#endif
	:: atomic { arrives(PARTITIONS); d_step {
		if
		:: !current -> refuse(PARTITIONS, AddPartitionsToTxn)
		:: current && ok -> state = Ongoing; inData = true; ack(PARTITIONS)
		:: else
		fi } }
	:: atomic { arrives(OFFSETS); d_step {
		if
		:: !current -> refuse(OFFSETS, AddOffsetsToTxn)
		:: current && ok -> state = Ongoing; inLedger = true; ack(OFFSETS)
		:: else
		fi } }
	:: atomic { arrives(ENTRY); d_step {
		if
		:: SAME && leader != asked[a] -> refuse(ENTRY, TxnOffsetCommit); seen("an entry for a broker that does not lead")
		:: !(SAME && leader != asked[a]) && epochOf[a] < ledgerEpoch -> refuse(ENTRY, TxnOffsetCommit); seen("a late entry refused")
		:: !(SAME && leader != asked[a]) && VERIFY && epochOf[a] >= ledgerEpoch && !log.pending && !beside(inLedger) -> refuse(ENTRY, TxnOffsetCommit)
		:: else ->
			if
			:: !beside(inLedger) -> seen("a late entry taken")
			:: else
			fi;
			ledgerEpoch = epochOf[a];
			log.pending = a;
			broker[leader].pending = a;
#if RECHECK
			tookEntry[a] = leader;
#endif
			ack(ENTRY);
			printf("Broker %c takes the entry of attempt %d, pending.\n", 'A'+leader, a)
		fi } }
	:: atomic { arrives(MARKED); d_step {
		if
		:: log.mark > a -> seen("a late mark over a newer one")
		:: else
		fi;
		log.mark = a;
		broker[leader].mark = a;
		ack(MARKED);
		printf("Broker %c takes the mark of attempt %d.\n", 'A'+leader, a) } }
	:: atomic { arrives(COMMIT); d_step {
		if
		:: current && state == Ongoing ->
			prepare(PrepareCommit);
			decided = decided | bit(a);
			ack(COMMIT);
			printf("The coordinator decides to commit the transaction of attempt %d.\n", a)
		:: current && state != Ongoing && (decided & bit(a)) -> ack(COMMIT)
		:: else -> refuse(COMMIT, EndTxn); seen("commit refused")
		fi } }
#if RAISE == 0
	:: atomic { arrives(ABORT); d_step {
		if
		:: current && state == Ongoing ->
			prepare(PrepareAbort);
			printf("The coordinator decides to abort the transaction of attempt %d, with epoch %d.\n", a, epoch)
		:: else
		fi } }
#endif
	od
}

/* The coordinator writes its markers, in any order, and ends what takes long. */
proctype Coordinator() {
	byte i;
end:	do
	:: d_step { markData ->
		i = 0;
		do
		:: i < 2*BURSTS ->
			if
			:: state == PrepareCommit -> committed[i] = committed[i] + open[i]
			:: else
			fi;
			open[i] = 0;
			i++
		:: else -> break
		od;
		if
		:: epoch > dataEpoch -> dataEpoch = epoch; nextHalf = 0
		:: else
		fi;
		dataOpen = false;
		if
		:: state == PrepareCommit -> printf("The leader writes the marker: committed.\n")
		:: else -> printf("The leader writes the marker: aborted.\n")
		fi;
		i = 0;
		do      /* the promise to readers */
		:: i < 2*BURSTS ->
			if
			:: committed[i] > 1 -> printf("Readers see half %d of the burst twice.\n", i%2+1); assert(false)
			:: HALVES == 2 && committed[i] != committed[i - i%2] -> printf("Readers see half of the burst.\n"); assert(false)
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0;
		markData = false;
		markerWritten() }
	:: d_step { markLedger && nfull(lazy) ->
		if
		:: log.pending && state == PrepareCommit -> log.entry = entry[log.pending]
		:: else
		fi;
		if
		:: epoch > ledgerEpoch -> ledgerEpoch = epoch
		:: else
		fi;
#if LAZY
		if
		:: state == PrepareCommit && (log.pending || LAZY == 2) -> lazy!log.pending
		:: state != PrepareCommit && (log.pending || LAZY == 2) -> lazy!(log.pending + ABORTED)
		:: else
		fi;
#else
		broker[leader].entry = log.entry;
		broker[leader].pending = 0;
#endif
		log.pending = 0;
		if
		:: state == PrepareCommit ->
			printf("The ledger's log has the marker: committed.\n");
			if
			:: log.entry != decided -> printf("It lacks a burst that is committed.\n"); assert(false)
			:: else
			fi
		:: else -> printf("The ledger's log has the marker: aborted.\n")
		fi;
		markLedger = false;
		markerWritten() }
#if TIMEOUTS
	:: d_step { state == Ongoing && !calm ->
		fence();
		printf("The coordinator finds that the transaction takes too long: it aborts it, with epoch %d.\n", epoch) }
#endif
	od
}

inline takeOver(b) {
	d_step { freezes < FREEZES && !leads[b] && !calm ->
		freezes++;
		printf("Broker %c freezes; broker %c takes the ledger over and reads its log.\n", 'A'+leader, 'A'+b);
		leader = b;
		leads[b] = true;
		broker[b].entry = log.entry;
		broker[b].pending = log.pending;
		broker[b].mark = log.mark;
		do
		:: lazy?i
		:: empty(lazy) -> break
		od;
		i = 0 }
}

inline learn(b) {
	d_step { leads[b] && leader != b ->
		leads[b] = false; broker[b].entry = 0; broker[b].pending = 0; broker[b].mark = 0;
		printf("Broker %c learns that it does not lead the ledger any more.\n", 'A'+b) }
}

#if LAZY || FREEZES
/* The brokers that lead the ledger, one after the other. */
proctype Leaders() {
	byte i;
end:	do
#if LAZY
	:: d_step { lazy?i ->
		if
		:: LAZY == 1 && i < ABORTED -> broker[leader].entry = entry[i]
		:: LAZY == 2 && i < ABORTED && broker[leader].pending -> broker[leader].entry = entry[broker[leader].pending]
		:: else
		fi;
		if
		:: LAZY == 2 || broker[leader].pending == i % ABORTED -> broker[leader].pending = 0
		:: else
		fi;
		i = 0;
		seen("a marker taken in late");
		printf("Broker %c takes the marker in.\n", 'A'+leader);
		if
		:: broker[leader].entry != log.entry ->
			if
			:: nempty(lazy)
			:: empty(lazy) ->
				printf("Broker %c does not say what its log says, and later attempts go by it.\n", 'A'+leader);
				assert(false)
			fi
		:: else
		fi }
#endif
#if FREEZES
	:: takeOver(0)
	:: takeOver(1)
	:: learn(0)
	:: learn(1)
#if BROKERS > 2
	:: takeOver(2)
	:: learn(2)
#endif
#endif
	od
}
#endif

#if ALONE
/* An attempt but the last may die anywhere. */
proctype Death(byte a) {
	d_step { killed[a] = true; printf("Attempt %d dies.\n", a) }
}
#endif

init {
	byte a = 1;
	atomic {
		epochOf[0] = 1; /* nobody: the first attempt waits for none */
		leads[0] = true;
		run Coordinator();
#if LAZY || FREEZES
		run Leaders();
#endif
		do
		:: a <= ATTEMPTS ->
			run Attempt(a);
			run Requests(a);
#if ALONE
			if
			:: a < ATTEMPTS -> run Death(a)
			:: else
			fi;
#endif
			a++
		:: else -> break
		od;
		a = 0
	}
}
